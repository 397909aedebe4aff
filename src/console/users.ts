// The users.

import { table } from './dom.ts';
import { formatTime, type Whole } from './format.ts';
import type { Screen } from './screen.ts';

interface User {
  id: number;
  created_at: Whole;
  status: string;
  username: string;
}

export const usersScreen: Screen = async ({ api }) => {
  const users = await api.get<User[]>('/users');
  const rows = users.map(({ id, username, status, created_at }) => [id, username, status, formatTime(created_at)]);
  return { title: 'Users', content: [table('All users', ['Id', 'Name', 'Status', 'Created'], rows, 'There are no users.')] };
};
