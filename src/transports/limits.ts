// What one peer may cost. Every number has its unit in its name; the defaults are in the configuration schema.

export interface TransportLimits {
  /** Open connections of one transport. */
  connectionsMax: number;
  /** A whole frame, header included. */
  frameBytesMax: number;
  /** A frame of a connection that has not logged in; a longer one is read past and refused. */
  anonymousFrameBytesMax: number;
  /** Payload of a classic command other than SendMessages. */
  controlBytesMax: number;
  /** VSR requests of one connection that are not answered yet. */
  unansweredRequestsMax: number;
  /** Replies of one connection that its peer has not taken yet; above it no further request is read. */
  unansweredBytesMax: number;
  /** All pooled memory that frames being received may hold; the rest is left for polls. */
  receiveBytesMax: number;
  /** A frame that was begun must go on within this time, else the connection is closed. */
  stallTimeoutMs: number;
}
