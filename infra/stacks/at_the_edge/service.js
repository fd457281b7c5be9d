// What the service for large bodies has of its own: it is told who asks.
function handler(event) {
  event.request.headers['x-patchbay-viewer'] = { value: event.viewer.ip };
  return event.request;
}
