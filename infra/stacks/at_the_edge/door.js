// Requests for the API: the first address leads to the studio, and the API is told who asks.
function handler(event) {
  var request = event.request;
  if (request.uri === '/' || request.uri === '/studio') {
    return {
      statusCode: 302,
      statusDescription: 'Found',
      headers: { location: { value: '/studio/' }, 'cache-control': { value: 'no-store' } },
    };
  }
  request.headers['x-patchbay-viewer'] = { value: event.viewer.ip };
  return request;
}
