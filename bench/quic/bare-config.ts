import type { Config } from '../../src/quic/quiche.ts';

/** What both ends of a bare connection are set to: datagrams and windows in bytes, and streams that the other end may open. */
export function configureBare(config: Config, datagramBytes: number, windowBytes: number, streamsMax: number): Config {
  config.verifyPeer(false);
  config.setApplicationProtos(['iggy']);
  config.setMaxIdleTimeout(30_000);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(datagramBytes);
  config.setInitialMaxData(windowBytes);
  config.setInitialMaxStreamDataBidiLocal(windowBytes);
  config.setInitialMaxStreamDataBidiRemote(windowBytes);
  config.setInitialMaxStreamsBidi(streamsMax);
  config.enablePacing(false);
  return config;
}
