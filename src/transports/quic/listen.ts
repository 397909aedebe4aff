// QUIC listener: one UDP socket, one endpoint.

import { randomBytes, X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { Addon } from '../../addon/addon.ts';
import { rateLimitedWarning } from '../../observability/rate-limited-warning.ts';
import { openUdp } from '../../quic/open-udp.ts';
import type { Quiche } from '../../quic/quiche.ts';
import type { LiveCertificate } from '../certificate-store.ts';
import { signInByCertificate } from '../client-certificates.ts';
import { formatAddress, type Listener } from '../listener.ts';
import type { TransportServices } from '../services.ts';
import { Endpoint } from './endpoint.ts';
import { soleEndpoint } from './endpoint-share.ts';
import { type QuicOptions, quicheConfig, ticketKeyBytes } from './quic-options.ts';

/** Opens the listener. Rejects if the address cannot be bound or the certificate cannot be used. */
export async function listenQuic(
  quiche: Quiche,
  addon: Addon,
  options: QuicOptions,
  certificate: LiveCertificate,
  services: TransportServices,
): Promise<Listener> {
  const config = quicheConfig(quiche, options, certificate.current, randomBytes(ticketKeyBytes));
  const refusedProtocols = rateLimitedWarning(services.log, () => services.clock.nowMs());
  const endpoint = new Endpoint(quiche, options, config, services, {
    refusedProtocols,
    signIn: (client, certificate) => signInByCertificate(services, client, new X509Certificate(certificate)),
    share: soleEndpoint(),
  });
  certificate.onChange((replacement) => endpoint.useConfig(quicheConfig(quiche, options, replacement, randomBytes(ticketKeyBytes))));
  const { address: host } = await lookup(options.host);
  const socketOptions = { host, port: options.port, bufferBytes: options.udpBufferBytes };
  const socket = await openUdp(options.udpSocket === 'auto' ? addon.openUdp : undefined, socketOptions, endpoint);
  endpoint.attach(socket);
  services.log.info({ socket: socket.description }, 'QUIC');
  return {
    address: formatAddress(host, socket.port),
    connections: endpoint.connections,
    get listening() {
      return endpoint.listening;
    },
    stopAccepting: () => endpoint.stop(),
  };
}
