// Addresses that the studio's pages know themselves: what is no file's name is given the first page.
function handler(event) {
  var request = event.request;
  if (request.uri.slice(request.uri.lastIndexOf('/') + 1).indexOf('.') < 0) {
    request.uri = '/studio/index.html';
  }
  return request;
}
