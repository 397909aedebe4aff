// The QUIC library's configuration, made from the client's options.

import tls from 'node:tls';
import type { Config, Quiche } from '../../quic/quiche.ts';
import type { QuicSettings } from './quic-settings.ts';
import type { LoadedTls } from './tls.ts';

const applicationProtocols = ['iggy'];

// One path, and one more id for a peer that changes its own.
const connectionIdsMax = 2;

/** Throws if certificates or key cannot be used. */
export function clientConfig(quiche: Quiche, settings: QuicSettings, { verify, ca, cert, key }: LoadedTls): Config {
  const authorities = verify ? Buffer.from(ca ?? tls.rootCertificates.join('\n')) : undefined;
  const config = quiche.Config.withBoringSslCtx(
    verify,
    false,
    authorities,
    key === undefined ? undefined : [Buffer.from(key)],
    cert === undefined ? undefined : [Buffer.from(cert)],
    undefined,
  );
  config.setApplicationProtos(applicationProtocols);
  config.grease(true);
  config.setMaxIdleTimeout(settings.maxIdleTimeoutMs);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(settings.datagramBytes);
  config.setInitialMaxData(settings.receiveWindowBytes);
  config.setInitialMaxStreamDataBidiLocal(settings.receiveWindowBytes);
  config.setMaxConnectionWindow(settings.receiveWindowBytes);
  config.setMaxStreamWindow(settings.receiveWindowBytes);
  // The server opens no streams.
  config.setInitialMaxStreamDataBidiRemote(0);
  config.setInitialMaxStreamDataUni(0);
  config.setInitialMaxStreamsBidi(0);
  config.setInitialMaxStreamsUni(0);
  config.setActiveConnectionIdLimit(connectionIdsMax);
  config.setDisableActiveMigration(true);
  config.enableDgram(false, 0, 0);
  config.enablePacing(false);
  return config;
}
