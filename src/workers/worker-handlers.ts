// The commands of a worker's clients: stored offsets of single consumers are handled here, everything else is passed on to the control thread.

import { consumerOffsetHandlers } from '../handlers/consumer-offsets.ts';
import type { Handler } from '../handlers/handler.ts';
import type { Handlers } from '../handlers/registry.ts';
import type { Logger } from '../observability/logger.ts';
import { classicCommands, sharedCommands, vsrCommands } from '../protocol/commands/registry.ts';
import { codeOfOperation } from '../protocol/operations.ts';
import { ConsumerKind } from '../protocol/primitives/consumer.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { System } from '../streaming/system.ts';
import { createRunControl, type RunControl } from '../transports/control.ts';
import type { ControlLink } from './control-link.ts';
import type { ViewGate } from './view-gate.ts';
import type { WorkerClients } from './worker-clients.ts';
import type { WorkerData } from './worker-data.ts';
import type { WorkerView } from './worker-view.ts';

/** Of commands that may begin or end a login: LoginUser, LogoutUser, Register and LoginWithPersonalAccessToken. */
const loginCodes = new Set([38, 39, 40, 44]);

/** What there is, and whether a login is needed; what is in here does not run. */
export function workerHandlers(commands: WorkerData['commands']): Handlers {
  const known = new Map([...sharedCommands, ...classicCommands, ...vsrCommands].map((command) => [command.code, command]));
  const byCode = new Map<number, Handler>(consumerOffsetHandlers.map((handler) => [handler.command.code, handler]));
  for (const { code, login } of commands) {
    const command = known.get(code);
    if (command !== undefined && !byCode.has(code)) byCode.set(code, { command, login, handle: passedOn });
  }
  return {
    byCode: (code) => byCode.get(code),
    byOperation: (operation) => byCode.get(codeOfOperation(operation) ?? -1),
  };
}

export function workerRunControl(parts: {
  view: WorkerView;
  link: ControlLink;
  gate: ViewGate;
  clients: WorkerClients;
  log: Logger;
}): RunControl {
  const { view, link, gate, clients, log } = parts;
  // The handlers that run here ask the system for what the view has.
  const runHere = createRunControl({ system: view as WorkerView & System, audit: undefined, log });
  const here = new Set(consumerOffsetHandlers.map(({ command }) => command.code));

  const passOnLogin: RunControl = async (client, generation, handler, body, subject) => {
    clients.giveBackWindow(client);
    gate.hold(client);
    const outcome = await link.command(client, generation, handler.command.code, body, subject);
    gate.release(client);
    return outcome;
  };

  return (client: ClientRecord, generation, handler, body, subject) => {
    const { code } = handler.command;
    // Their bodies begin with the kind of the consumer.
    if (here.has(code) && body[0] === ConsumerKind.consumer) return runHere(client, generation, handler, body, subject);
    if (loginCodes.has(code)) return passOnLogin(client, generation, handler, body, subject);
    return link.command(client, generation, code, body, subject);
  };
}

function passedOn(): never {
  throw new Error('the command is the control thread’s');
}
