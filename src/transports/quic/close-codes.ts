// Application codes with which the server closes a connection (Iggy's), and stream codes.

export const closeCodes = {
  none: 0,
  handshakeFailed: 0x1001,
  shutdown: 0x1003,
  protocolViolation: 0x1004,
} as const;

/** Where the errors begin that are TLS alerts (RFC 9001 §4.8). */
const tlsAlert = 0x100;
const certificateAlerts = new Set([42, 43, 44, 45, 46, 48, 116].map((alert) => tlsAlert + alert));

/** Whether an error of a handshake says that the peer's certificate is missing or does not verify (RFC 8446 §6.2). */
export function refusesCertificate(errorCode: number): boolean {
  return certificateAlerts.has(errorCode);
}

/** TLS alert 120 as a QUIC error (RFC 9001 §4.8): no application protocol in common. */
export const noApplicationProtocol = 0x178;
