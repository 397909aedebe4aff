// The console: shows the screen that the page's path names, inside a frame of navigation, or the login. A path without a screen is that of the overview.

import { Api } from './api.ts';
import { button, type Child, element, errorNote, link } from './dom.ts';
import { messagesScreen } from './messages.ts';
import { overviewScreen } from './overview.ts';
import { base, type Page, type Screen, streamsPath } from './screen.ts';
import { streamScreen, streamsScreen } from './streams.ts';
import { groupScreen, topicScreen } from './topic.ts';
import { usersScreen } from './users.ts';

const overviewPath = `${base}/overview`;
const usersPath = `${base}/settings/users`;
const topic = String.raw`/streams/(\d+)/topics/(\d+)`;

const screens: readonly (readonly [RegExp, Screen])[] = [
  [new RegExp(`^${usersPath}$`), usersScreen],
  [new RegExp(`^${streamsPath}$`), streamsScreen],
  [new RegExp(String.raw`^${streamsPath}/(\d+)$`), streamScreen],
  [new RegExp(`^${base}${topic}$`), topicScreen],
  [new RegExp(String.raw`^${base}${topic}/groups/(\d+)$`), groupScreen],
  [new RegExp(String.raw`^${base}${topic}/partitions/(\d+)/messages$`), messagesScreen],
];

startConsole();

function startConsole(): void {
  const api = new Api(() => showLogin('Your login has ended.'));
  // Of visits that overlap the last one is shown.
  let visits = 0;

  const showLogin = (note?: string) => {
    visits++;
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    document.title = 'Log in – Galgo';
    document.body.replaceChildren(loginPage(api, note, show));
  };

  const show = async () => {
    const { username } = api;
    if (username === undefined) {
      showLogin();
      return;
    }
    const visit = ++visits;
    const { pathname, search } = location;
    const [screen, ids] = screenOf(pathname);
    const query = new URLSearchParams(search);
    let page: Page;
    try {
      page = await screen({ api, ids, query, reload: show, open });
    } catch (error) {
      page = { title: 'This cannot be shown', content: [errorNote((error as Error).message)] };
    }
    if (visit !== visits) return;
    document.title = `${page.title} – Galgo`;
    const heading = element('h1', { tabIndex: -1 }, page.title);
    document.body.replaceChildren(
      header(pathname, username, show, logout),
      element('main', {}, ...trailOf(page), heading, ...page.content),
    );
    // Where a screen reader goes on.
    heading.focus();
  };

  const open = (path: string) => {
    history.pushState(null, '', path);
    void show();
  };

  const logout = () => {
    const told = api.logout();
    showLogin();
    told.catch((error: Error) => showLogin(`The server could not be told of your logout: ${error.message}`));
  };

  document.addEventListener('click', (event) => {
    const anchor = event.target instanceof Element ? event.target.closest('a') : null;
    // What opens another tab is the browser's.
    if (anchor === null || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(anchor.pathname + anchor.search);
  });
  addEventListener('popstate', show);
  void show();
}

function screenOf(path: string): [Screen, string[]] {
  for (const [pattern, screen] of screens) {
    const match = pattern.exec(path);
    if (match !== null) return [screen, match.slice(1)];
  }
  return [overviewScreen, []];
}

function header(path: string, username: string, reload: () => void, logout: () => void): HTMLElement {
  const places = { Overview: overviewPath, Streams: streamsPath, Users: usersPath };
  const links = Object.entries(places).map(([name, place]) => {
    const made = link(place, name);
    if (path.startsWith(place)) made.ariaCurrent = 'page';
    return made;
  });
  return element(
    'header',
    {},
    element('strong', {}, 'Galgo'),
    element('nav', { ariaLabel: 'Console' }, ...links),
    element('span', { className: 'user' }, username),
    button('Reload', reload),
    button('Log out', logout),
  );
}

function trailOf({ trail = [] }: Page): Child[] {
  if (trail.length === 0) return [];
  return [element('nav', { className: 'trail', ariaLabel: 'Part of' }, ...trail.map(([path, name]) => link(path, name)))];
}

function loginPage(api: Api, note: string | undefined, loggedIn: () => void): HTMLElement {
  const username = element('input', { required: true, autocomplete: 'username', autofocus: true });
  const password = element('input', { required: true, type: 'password', autocomplete: 'current-password' });
  const failure = element('div', {}, ...(note === undefined ? [] : [errorNote(note)]));
  const submit = element('button', {}, 'Log in');
  const form = element(
    'form',
    { className: 'login' },
    element('h1', {}, 'Galgo'),
    element('label', {}, 'User name', username),
    element('label', {}, 'Password', password),
    failure,
    submit,
  );
  form.onsubmit = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await api.login(username.value, password.value);
      loggedIn();
    } catch (error) {
      failure.replaceChildren(errorNote((error as Error).message));
      submit.disabled = false;
      password.select();
    }
  };
  return element('main', {}, form);
}
