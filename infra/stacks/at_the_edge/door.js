// Requests for the API: the first address leads to the studio, the API is told who asks, bodies that nothing behind
// this takes are refused in the words of their dialect, and whole files go to the service for them, where there is one.
// PLAN comes before this: see infra/constructs/edge_code.py.
var SHAPES = {
  musicai: function (told) {
    return { code: 'BAD_INPUT', title: 'Too large', message: told };
  },
  audioshake: function (told) {
    return { statusCode: 413, error: 'Payload Too Large', message: told, code: 'TOO_LARGE' };
  },
  beatoven: function (told) {
    return { error: told, code: 'TOO_LARGE' };
  },
  twoshot: function (told, id, path) {
    return {
      error: told,
      code: 'TOO_LARGE',
      details: { requestId: id, message: told },
      timestamp: new Date().toISOString().slice(0, 19) + 'Z',
      path: path,
    };
  },
  soundforge: function (told, id) {
    return { error: told, code: 'TOO_LARGE', request_id: id };
  },
  native: function (told, id) {
    return {
      type: 'urn:patchbay:problem:too-large',
      title: 'Too large',
      status: 413,
      detail: told,
      instance: 'urn:patchbay:request:' + id,
      code: 'too-large',
    };
  },
};
var STATUS = { beatoven: 400 };
var MEDIA_TYPE = { native: 'application/problem+json' };

function handler(event) {
  var request = event.request;
  if (request.uri === '/' || request.uri === '/studio') {
    return {
      statusCode: 302,
      statusDescription: 'Found',
      headers: { location: { value: '/studio/' }, 'cache-control': { value: 'no-store' } },
    };
  }
  var path = request.uri.replace(/\/+$/, '') || '/';
  var size = sizeOf(request);
  var toService = goesToService(request.method, path, size);
  var most = toService ? PLAN.most : listed(path, PLAN.files) ? PLAN.form : PLAN.json;
  if (size > most) {
    return refusal(event, path, size, most);
  }
  request.headers['x-patchbay-viewer'] = { value: event.viewer.ip };
  if (toService) {
    cf.selectRequestOriginById(PLAN.service);
  }
  return request;
}

// Bytes of the body; NaN where it comes without a length.
function sizeOf(request) {
  var told = request.headers['content-length'];
  return told ? Number(told.value) : NaN;
}

// Small files go to the Lambdas, as they would without the service: those answer even while it sleeps.
function goesToService(method, path, size) {
  if (!PLAN.service) {
    return false;
  }
  if (method === 'GET' || method === 'HEAD') {
    return listed(path, PLAN.answers);
  }
  return method === 'POST' && listed(path, PLAN.files) && !(size <= PLAN.form);
}

// Whether a list has the path; an asterisk at an entry's end stands for one more name.
function listed(path, entries) {
  return entries.indexOf(path) >= 0 || entries.indexOf(path.slice(0, path.lastIndexOf('/') + 1) + '*') >= 0;
}

// The dialect of the longest prefix that fits.
function dialectOf(path) {
  var found = 'native';
  var length = 0;
  PLAN.prefixes.forEach(function (each) {
    if (each[0].length > length && (path + '/').indexOf(each[0] + '/') === 0) {
      found = each[1];
      length = each[0].length;
    }
  });
  return found;
}

function refusal(event, path, size, most) {
  var dialect = dialectOf(path);
  var way = listed(path, PLAN.files) && most === PLAN.form ? PLAN.ways[dialect] : '';
  var told = 'the body has ' + size + ' bytes; ' + most + ' are taken here' + (way ? ': ' + way : '');
  var id = event.context.requestId;
  return {
    statusCode: STATUS[dialect] || 413,
    statusDescription: 'Payload Too Large',
    headers: {
      'content-type': { value: MEDIA_TYPE[dialect] || 'application/json' },
      'cache-control': { value: 'no-store' },
      'access-control-allow-origin': { value: '*' },
      'x-content-type-options': { value: 'nosniff' },
      'x-request-id': { value: id },
    },
    body: { encoding: 'text', data: JSON.stringify(SHAPES[dialect](told, id, path)) },
  };
}
