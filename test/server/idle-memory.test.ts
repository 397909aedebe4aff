// What a server takes that does nothing, with every listener open: first start, which makes a certificate, and a later one.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { serverSuite } from '../support/server-suite.ts';

const residentBytesMax = 120_000_000;
const settledAfterMs = 1_000;

serverSuite('an idle server', {}, (suite) => {
  const residentBytes = async () => {
    await new Promise((resolve) => setTimeout(resolve, settledAfterMs));
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${suite.server.pid}/status`, 'utf8')) ?? [];
    return Number(kib) * 1024;
  };

  it('stays below 120 MB resident', { skip: process.platform !== 'linux' }, async () => {
    const first = await residentBytes();
    assert(first < residentBytesMax, `${first} at the first start`);
    await suite.restart('stop');
    const later = await residentBytes();
    assert(later < residentBytesMax, `${later} at a later start`);
  });
});
