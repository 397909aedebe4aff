// What went over a transport since the server started. Bytes are those of requests and replies as the transport hands them on: without the framing of WebSocket, TLS and QUIC.

export class TransportTraffic {
  connectionsOpened = 0;
  bytesIn = 0;
  bytesOut = 0;
}
