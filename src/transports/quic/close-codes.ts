// Application codes with which the server closes a connection (Iggy's), and stream codes.

export const closeCodes = {
  none: 0,
  handshakeFailed: 0x1001,
  shutdown: 0x1003,
  protocolViolation: 0x1004,
} as const;

/** TLS alert 120 as a QUIC error (RFC 9001 §4.8): no application protocol in common. */
export const noApplicationProtocol = 0x178;
