// A UDP socket as QUIC uses it: datagrams of a turn come in one after another, datagrams to send are written into room that the socket gives.

/** A peer, as seen from one local address. */
export interface Peer {
  /** Equal for datagrams that took the same way. */
  readonly key: string;
  /** A numeric address without scope. */
  readonly host: string;
  readonly port: number;
}

export interface DatagramReceiver {
  /** A datagram arrived. `bytes` is valid during the call and may be overwritten. */
  datagram(bytes: Buffer, from: string): void;
  /** All datagrams that were waiting have been handed on. */
  turnEnded(): void;
  /** After `room` found none: there is room again. */
  writable(): void;
  /** The device on the way to a peer, named by its key, does not carry the longest of the datagrams: they are lost. */
  tooLong?(peer: string): void;
}

export interface DatagramSocket {
  readonly host: string;
  readonly port: number;
  /** How it works, for the log. */
  readonly description: string;
  /** The peer of a key that `datagram` gave. */
  peer(key: string): Peer;
  /** A peer to begin with, by its numeric address. Its answers may come under another key. */
  peerAt(host: string, port: number): Peer;
  /** Room for the next datagram, or undefined while the kernel takes no more. */
  room(bytes: number): Buffer | undefined;
  /** The first `length` bytes of the room are a datagram. It leaves at the next `flush` at the latest. */
  commit(length: number, peer: Peer): void;
  flush(): void;
  close(): void;
}

export interface DatagramSocketOptions {
  /** A numeric address. */
  host: string;
  port: number;
  /** Asked of the kernel for each direction; it may give less. */
  bufferBytes: number;
}
