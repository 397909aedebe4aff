// The web console in Chromium, against a real server: what a person does, with the names that a screen reader says.

import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { launchChromium, skip } from '../client/support/chromium.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { Api, base64, done, partitionValue } from './support/api.ts';

const timeout = 10_000;
const hostile = `<img src="/ui/none.png" onerror="document.title = 'taken over'"><script>document.title = 'taken over'</script>`;

describe('the web console in Chromium', { skip }, () => {
  const folder = temporaryFolder();
  const profile = temporaryFolder();
  let server: ServerProcess;
  let browser: BrowserContext;
  let api: Api;

  before(async () => {
    server = await startServerProcess(folder.path, { GALGO_HTTP_WEB_UI: 'true' });
    api = new Api(server.httpAddress);
    await api.login();
    browser = await launchChromium(profile.path);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    folder.remove();
    profile.remove();
  });

  /** A tab of its own, with the complaints of its console and the origins that it asked. */
  async function openTab(t: TestContext, path: string) {
    const page = await browser.newPage();
    page.setDefaultTimeout(timeout);
    t.after(() => page.close());
    const complaints: string[] = [];
    const origins = new Set<string>();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => origins.add(new URL(request.url()).origin));
    await page.goto(server.httpAddress + path);
    return { page, complaints, origins };
  }

  async function login(page: Page, password = 'iggy'): Promise<void> {
    await page.getByLabel('User name').fill('iggy');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const follow = (page: Page, name: string) => page.getByRole('link', { name, exact: true }).click();

  it('creates, shows and deletes, takes no payload for HTML, and asks nobody else', async (t) => {
    const { page, complaints, origins } = await openTab(t, '/ui');
    await login(page);
    await heading(page, 'Overview');
    await page.getByText('Consumer groups').waitFor();

    await follow(page, 'Streams');
    await press(page, 'New stream');
    await page.getByLabel('Name').fill('<b>orders</b>');
    await press(page, 'Create');
    await follow(page, '<b>orders</b>');
    await heading(page, 'Stream <b>orders</b>');
    await press(page, 'New topic');
    await page.getByLabel('Name').fill('paid');
    await page.getByLabel('Partitions').fill('2');
    await press(page, 'Create');
    await follow(page, 'paid');
    await heading(page, 'Topic paid');

    const topic = new URL(page.url()).pathname.replace('/ui/dashboard', '');
    const headers = [
      { key: { kind: 'string', value: base64('<i>key</i>') }, value: { kind: 'int32', value: '+f///w==' } },
      { key: { kind: 'uint32', value: 'KgAAAA==' }, value: { kind: 'string', value: base64(hostile) } },
    ];
    const payloads = [base64(hostile), base64('{"id":12345678901234567890,"price":1.50}'), '/wAB'];
    const partitioning = { kind: 'partition_id', value: partitionValue(1) };
    const messages = payloads.map((payload, index) => ({ id: `${2n ** 127n + BigInt(index)}`, payload, user_headers: headers }));
    done(await api.post(`${topic}/messages`, { partitioning, messages }));
    done(await api.post(`${topic}/consumer-groups`, { name: 'mailers' }));

    await press(page, 'Reload');
    await follow(page, 'mailers');
    await page.getByText('The group has no members.').waitFor();
    await page.goBack();
    await follow(page, 'Messages of 1');
    await heading(page, 'Messages of partition 1');
    const summaries = page.locator('summary');
    assert.deepEqual(
      (await summaries.allInnerTexts()).map((text) => text.slice(0, 9)),
      ['<img src=', '{"id":123', 'ff 00 01'],
    );
    for (const summary of await summaries.all()) await summary.click();
    const shown = page.locator('pre');
    assert.equal(await shown.nth(0).textContent(), hostile);
    assert.equal(await shown.nth(1).textContent(), '{\n  "id": 12345678901234567890,\n  "price": 1.50\n}');
    assert.match((await shown.nth(2).textContent()) ?? '', /^000000 {2}ff 00 01 +\.\.\.$/);
    await page.getByLabel('Payload as').nth(0).selectOption('hex');
    assert.match((await shown.nth(0).textContent()) ?? '', /^000000 {2}3c 69 6d 67 .* <img src="\/ui\/no\n/);
    const rows = await page.getByRole('table', { name: 'Headers' }).first().getByRole('row').allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.split('\t')),
      [
        ['Key', 'Value', 'Kind'],
        ['<i>key</i>', '-7', 'int32'],
        ['42', hostile, 'string'],
      ],
    );
    await page.getByText(String(2n ** 127n)).waitFor();
    assert.equal(await page.locator('main img, main script, main b, main i').count(), 0);
    assert.equal(await page.title(), 'Messages of partition 1 – Galgo');

    await follow(page, 'paid');
    await press(page, 'Delete topic');
    await page.getByLabel('To confirm').fill('pai');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    assert.equal((await api.get(topic)).status, 200);
    await page.getByLabel('To confirm').fill('paid');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The stream has no topics.').waitFor();
    assert.equal((await api.get(topic)).status, 404);
    await press(page, 'Delete stream');
    await page.getByLabel('To confirm').fill('<b>orders</b>');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There are no streams.').waitFor();
    assert.deepEqual(done(await api.get('/streams')).json, []);

    await follow(page, 'Users');
    await page.getByRole('cell', { name: 'iggy' }).waitFor();
    assert.deepEqual(complaints, []);
    assert.deepEqual([...origins], [server.httpAddress]);
  });

  it('goes through a partition page by page, and back with the browser', async (t) => {
    const topic = await api.topic();
    const partitioning = { kind: 'partition_id', value: partitionValue(0) };
    const messages = Array.from({ length: 50 }, (_, index) => ({ payload: base64(`no. ${index}`) }));
    done(await api.post(`${topic}/messages`, { partitioning, messages }));
    const streams = done(await api.get('/streams')).json as { id: number; name: string }[];
    const stream = streams.find(({ name }) => topic.includes(name));
    const { page, complaints } = await openTab(t, `/ui/dashboard/streams/${stream?.id}/topics/0/partitions/0/messages`);
    await login(page);

    // The first and the last offset of the page.
    const shows = async (first: number, last: number) => {
      await page.locator('tbody tr:first-child td:first-child', { hasText: new RegExp(`^${first}$`) }).waitFor();
      await page.locator('tbody tr:last-child td:first-child', { hasText: new RegExp(`^${last}$`) }).waitFor();
    };
    await shows(0, 19);
    assert(await page.getByRole('button', { name: 'Previous' }).isDisabled());
    await press(page, 'Next');
    await shows(20, 39);
    await press(page, 'Last');
    await shows(30, 49);
    assert(await page.getByRole('button', { name: 'Next' }).isDisabled());
    await press(page, 'Previous');
    await shows(10, 29);
    await page.getByLabel('Offset').fill('45');
    await press(page, 'Go');
    await shows(45, 49);
    await page.goBack();
    await shows(10, 29);
    await page.reload();
    await shows(10, 29);

    await follow(page, 'topic');
    await press(page, 'Purge topic');
    await page.getByLabel('To confirm').fill('topic');
    await page.getByRole('dialog').getByRole('button', { name: 'Purge' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(done(await api.get(topic)).json.messages_count, 0);
    await follow(page, 'Messages of 0');
    await page.getByText('There are no messages here.').waitFor();
    assert.deepEqual(complaints, []);
  });

  it('shows what the server refuses, and asks for a login when the old one holds no longer', async (t) => {
    const { page } = await openTab(t, '/ui/dashboard/streams');
    await login(page, 'wrong');
    await page.getByRole('alert').filter({ hasText: '42' }).waitFor();
    await login(page);
    await heading(page, 'Streams');
    done(await api.post('/streams', { name: 'twice' }));
    await press(page, 'New stream');
    await page.getByLabel('Name').fill('twice');
    await press(page, 'Create');
    await page.getByRole('dialog').getByRole('alert').filter({ hasText: '1012' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.goto(`${server.httpAddress}/ui/dashboard/streams/4711`);
    await page.getByRole('alert').filter({ hasText: 'not_found' }).waitFor();

    const session = JSON.parse((await page.evaluate("sessionStorage.getItem('galgo.session')")) as string) as { token: string };
    const other = new Api(server.httpAddress);
    other.token = session.token;
    done(await other.delete('/users/logout'));
    await follow(page, 'Overview');
    await page.getByText('Your login has ended.').waitFor();
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });

  it('swaps a token of which half of its life is over, and a logout revokes it', async (t) => {
    const { page } = await openTab(t, '/ui');
    await login(page);
    await heading(page, 'Overview');
    const age = (session: string) => JSON.stringify({ ...JSON.parse(session), renewAtMs: 0 });
    const stored = async () => (await page.evaluate("sessionStorage.getItem('galgo.session')")) as string;
    const old = await stored();
    await page.evaluate(`sessionStorage.setItem('galgo.session', ${JSON.stringify(age(old))})`);
    await page.reload();
    await heading(page, 'Overview');
    const bearer = new Api(server.httpAddress);
    bearer.token = (JSON.parse(old) as { token: string }).token;
    assert.equal((await bearer.get('/stats')).status, 401);
    bearer.token = (JSON.parse(await stored()) as { token: string }).token;
    assert.equal((await bearer.get('/stats')).status, 200);

    const told = page.waitForResponse((reply) => reply.url().endsWith('/users/logout'));
    await press(page, 'Log out');
    assert.equal((await told).status(), 204);
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    assert.equal((await bearer.get('/stats')).status, 401);
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });
});
