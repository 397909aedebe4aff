// A chat of all pages that are open: what one sends, each of them shows, at once, because polls wait in the server.
//
// Serve the folder that has `node_modules` (with galgo in it) and this folder, and open index.html. The server must allow the page's origin (`websocket.allowed_origins`). A page's
// user can read its credentials: give it a user, or a personal access token, that may do little.

import { AlreadyExistsError, connect } from 'galgo/browser';

const element = (id) => document.getElementById(id);
const show = (state) => {
  element('state').textContent = state;
};
const unlessThere = (error) => {
  if (!(error instanceof AlreadyExistsError)) throw error;
};

let producer;

element('connect').addEventListener('submit', (event) => {
  event.preventDefault();
  event.submitter.disabled = true;
  chat(element('server').value).catch((error) => {
    event.submitter.disabled = false;
    show(`${error.name}: ${error.message}`);
  });
});

element('say').addEventListener('submit', async (event) => {
  event.preventDefault();
  const payload = element('text').value;
  element('text').value = '';
  await producer.send({ payload }).catch((error) => show(`not sent: ${error.message}`));
});

async function chat(server) {
  const client = await connect(server);
  client.on('disconnected', () => show('connection lost'));
  client.on('connected', () => show('connected again'));
  await client.streams.create({ name: 'browser' }).catch(unlessThere);
  await client.topics.create({ stream: 'browser', name: 'chat' }).catch(unlessThere);

  producer = client.producer({ stream: 'browser', topic: 'chat' });
  element('send').disabled = false;
  show(`connected to ${client.address.host}`);

  // Each page reads for itself: a consumer with a name of its own.
  const consumer = client.consumer({ stream: 'browser', topic: 'chat', name: `page-${Date.now()}`, start: 'first', commit: 'manual' });
  for await (const message of consumer) {
    const line = document.createElement('li');
    line.textContent = message.text();
    element('messages').append(line);
  }
}
