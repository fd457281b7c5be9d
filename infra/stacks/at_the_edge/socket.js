// Sockets: a WebSocket API has one address, which is its stage.
function handler(event) {
  event.request.uri = '/STAGE';
  return event.request;
}
