// A server whose TCP connections change worker threads at once, without a reason: it runs with a module that knows from the messages between its threads who serves whom, and asks
// the threads every few milliseconds to hand clients on.

const moveEveryMs = 10;

/**
 * Settings of such a server. `number`: each client goes to the thread that its number stands for, and back to it, so that any three that connect one after another are on three
 * threads; `once`: the same, but it is left alone when it has got there; `any`: all go to another thread all the time.
 */
export function clientMoves(workers: number, target: 'number' | 'once' | 'any'): Record<string, string> {
  const to = target === 'any' ? `(from + 1 + Math.floor(Math.random() * ${workers - 1})) % ${workers}` : `client % ${workers}`;
  const known = target === 'once' ? `message.moved === undefined` : 'true';
  const mover = `
    const workers = [];
    const servedBy = new Map();
    let moved = 0;
    process.on('worker', (worker) => {
      const number = workers.push(worker) - 1;
      const post = worker.postMessage.bind(worker);
      worker.postMessage = (message, transfer) => {
        post(message, transfer);
        if (message.kind === 'socket' && ${known}) servedBy.set(message.client, number);
      };
      worker.on('message', ({ kind, client }) => {
        if ((kind === 'disconnected' || kind === 'moved') && servedBy.get(client) === number) servedBy.delete(client);
        if (kind === 'moved' && (++moved < 50 || moved % 50 === 0)) console.log('moved:' + moved);
      });
    });
    setInterval(() => {
      for (const [client, from] of servedBy) {
        const to = ${to};
        if (to !== from) workers[from].postMessage({ kind: 'move', client, to });
      }
    }, ${moveEveryMs}).unref();
  `;
  return { GALGO_SERVER_WORKERS: String(workers), NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(mover)}` };
}

/** How many moves a server has told of so far; it tells of the first ones, and then of every fiftieth. */
export function movesToldOf(output: string): number {
  return Number([...output.matchAll(/moved:(\d+)/g)].at(-1)?.[1] ?? 0);
}
