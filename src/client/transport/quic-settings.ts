// What the client's options say about QUIC. Apart from quic-config.ts, so that the types of the package do not lead to those of the library.

export interface QuicSettings {
  /** Longest datagram that is sent. */
  datagramBytes: number;
  /** Longest reply. */
  maxReplyBytes: number;
  /** Most bytes that leave before the server shows a sign of life. */
  sendWindowBytes: number;
  /** What the server may send before it is read, on the connection and on each stream. */
  receiveWindowBytes: number;
  /** A ping after so long without a sign of life; 0 never. */
  keepAliveMs: number;
  /** A connection without a sign of life for so long is given up; 0 never. */
  maxIdleTimeoutMs: number;
  /** `auto` uses the addon's socket where it can be had. */
  udpSocket: 'auto' | 'portable';
}
