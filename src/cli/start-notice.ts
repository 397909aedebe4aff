// What a user reads once the server runs: where it listens, where the data is, who may log in, and how to send a first message.

import type { Settings } from '../config/settings.ts';
import type { RunningServer } from './running-server.ts';

/** Text for standard output. Test suites of Iggy's clients wait for its first words. */
export function startNotice(version: string, settings: Settings, server: RunningServer): string {
  const { quic, tcp, websocket, http } = server.addresses;
  const lines = [
    `Iggy server is running: Galgo ${version}. Press Ctrl+C or send SIGTERM to stop it.`,
    ...(quic === undefined ? [] : [`  QUIC  ${quic} (ALPN iggy)`]),
    ...(tcp === undefined ? [] : [`  TCP   ${tcp}${settings.tcp.tls.enabled ? ' (TLS)' : ''}`]),
    ...(websocket === undefined ? [] : [`  WS    ${settings.websocket.tls.enabled ? 'wss' : 'ws'}://${websocket}`]),
    ...(http === undefined
      ? []
      : [`  HTTP  ${settings.http.tls.enabled ? 'https' : 'http'}://${http}${settings.http.webUi ? ' (console at /ui)' : ''}`]),
    ...(server.selfSignedFingerprint === undefined ? [] : [`  Cert  self-signed, SHA-256 ${server.selfSignedFingerprint}`]),
    `  Data  ${settings.system.path}`,
    ...credentialLines(settings, server),
  ];
  if (tcp !== undefined && !settings.tcp.tls.enabled) lines.push('', ...firstMessage(tcp, settings, server));
  return `${lines.join('\n')}\n`;
}

function credentialLines(settings: Settings, server: RunningServer): string[] {
  if (server.rootPasswordGenerated !== undefined) {
    return ['  User  iggy', `Generated root user password: ${server.rootPasswordGenerated}`, '  It is shown this once.'];
  }
  if (settings.rootCredentials?.isDefault) {
    return ['  User  iggy, password iggy: for development only (a root user that was there before keeps its own)'];
  }
  return [];
}

function firstMessage(tcp: string, settings: Settings, server: RunningServer): string[] {
  const username = settings.rootCredentials?.username ?? 'iggy';
  const password = server.rootPasswordGenerated ?? (settings.rootCredentials?.isDefault ? settings.rootCredentials.password : '…');
  const text = (value: string) => JSON.stringify(value);
  return [
    'A first message, with `pip install apache-iggy` and then `python -m asyncio`:',
    '  from apache_iggy import IggyClient, SendMessage',
    `  client = IggyClient(${text(dialled(tcp))}); await client.connect(); await client.login_user(${text(username)}, ${text(password)})`,
    '  producer = await client.producer("demo", "hello"); await producer.send_one(SendMessage("Hello, Galgo"))',
  ];
}

// A wildcard is no address to dial.
function dialled(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
}
