// Links to objects: their paths are the bucket's below /objects, and the store takes no other sign of who asks.
// PLAN comes before this: see infra/constructs/edge_code.py.
function handler(event) {
  var request = event.request;
  delete request.headers.authorization;
  request.cookies = {};
  request.uri = request.uri.slice(PLAN.below.length) || '/';
  // The store refuses bodies without a length; the service makes parts of them, by the upload that the link names.
  var lengthless = request.method === 'PUT' && !request.headers['content-length'];
  if (PLAN.service && lengthless && request.querystring[PLAN.upload]) {
    request.headers['x-patchbay-viewer'] = { value: event.viewer.ip };
    request.uri = PLAN.puts + request.uri;
    cf.selectRequestOriginById(PLAN.service);
  }
  return request;
}
