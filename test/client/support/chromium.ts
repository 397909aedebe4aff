// Chromium without a window, and a web server for its pages.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BrowserContext, chromium } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Why a suite cannot run here; in CI it must. */
export const skip = !existsSync(executablePath) && process.env.CI === undefined ? `there is no ${executablePath}` : false;

export function launchChromium(profilePath: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profilePath, {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--ignore-certificate-errors',
    ],
  });
}

/** Serves these files, by the paths that pages ask for. */
export async function servePages(files: Readonly<Record<string, string>>): Promise<{ origin: string; close(): void }> {
  const pages = createServer(async (request, response) => {
    const file = files[new URL(request.url ?? '/', 'http://localhost').pathname];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file.endsWith('.js') ? 'text/javascript' : 'text/html' }).end(await readFile(file));
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${(pages.address() as AddressInfo).port}`, close: () => pages.close() };
}
