// Runs a command of the protocol for an HTTP request: the same handler, permissions and audit as for a frame, without the bytes.

import type { RequestContext } from '../../../handlers/handler.ts';
import type { Command, Generation } from '../../../protocol/command.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import type { ClientRecord } from '../../../streaming/clients.ts';
import type { ControlServices } from '../../services.ts';

/**
 * Resolves to the command's reply, undefined for none. Rejects with what the handler refuses with. `generation` decides where the two refuse differently: most routes follow
 * Iggy 0.8.
 */
export async function runCommand<Request, Reply>(
  services: ControlServices,
  client: ClientRecord,
  command: Command<Request, Reply>,
  request: Request,
  generation: Generation = 'classic',
): Promise<Reply | undefined> {
  const handler = services.handlers.byCode(command.code, generation);
  if (handler === undefined) throw new ProtocolError('invalid-command', command.name);
  const context: RequestContext = { system: services.system, client, generation, log: services.log };
  const audited = services.audit?.begin(context, command as Command<unknown, unknown>, request);
  try {
    const reply = (await handler.handle(context, request)) as Reply | undefined;
    audited?.('ok');
    return reply;
  } catch (error) {
    audited?.(ProtocolError.is(error) ? error.code : 'error');
    throw error;
  }
}
