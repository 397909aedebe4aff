// The messages of a partition, a page at a time. Where a page begins stands in its address: `?kind=first`, `?kind=last`, or `?kind=offset&value=<offset>`. Nothing is committed.

import { button, type Child, element, facts, table } from './dom.ts';
import { formatSize, formatTime, type Whole } from './format.ts';
import { formOf, fromBase64, hex, type PayloadForm, previewPayload, showPayload, showValue, type TypedValue } from './payload.ts';
import { type Screen, topicPath } from './screen.ts';
import { type Topic, trailTo } from './topic.ts';

interface Message {
  header: { checksum: Whole; id: Whole; offset: Whole; timestamp: Whole; origin_timestamp: Whole; payload_length: number };
  /** Base64. */
  payload: string;
  /** Base64 if the server cannot read them. */
  user_headers: { key: TypedValue; value: TypedValue }[] | string;
}

interface Polled {
  messages: Message[];
}

const pageLength = 20n;
const forms: readonly PayloadForm[] = ['json', 'text', 'hex'];

export const messagesScreen: Screen = async ({ api, ids: [streamId = '', topicId = '', partitionId = ''], query, open }) => {
  const topicUrl = `/streams/${streamId}/topics/${topicId}`;
  const kind = query.get('kind') ?? 'first';
  const value = query.get('value') ?? '0';
  const poll = new URLSearchParams({ partition_id: partitionId, kind, value, count: String(pageLength), auto_commit: 'false' });
  const [topic, { messages }] = await Promise.all([api.get<Topic>(topicUrl), api.get<Polled>(`${topicUrl}/messages?${poll}`)]);

  const partition = topic.partitions.find(({ id }) => String(id) === partitionId);
  const last = BigInt(partition?.current_offset ?? 0);
  const first = messages[0]?.header.offset;
  const final = messages.at(-1)?.header.offset;
  const go = (kind: string, value = '0') =>
    open(`${topicPath(streamId, topicId)}/partitions/${partitionId}/messages?kind=${kind}&value=${value}`);
  const goBack = () => {
    const from = BigInt(first ?? 0) - pageLength;
    go('offset', String(from < 0n ? 0n : from));
  };
  const offset = element('input', { type: 'number', min: '0', required: true, value: String(first ?? 0) });
  const seek = element('form', { className: 'seek' }, element('label', {}, 'Offset', offset), element('button', {}, 'Go'));
  seek.onsubmit = (event) => {
    event.preventDefault();
    go('offset', offset.value);
  };
  const previous = button('Previous', goBack);
  previous.disabled = first === undefined || BigInt(first) === 0n;
  const next = button('Next', () => go('offset', String(BigInt(final ?? 0) + 1n)));
  next.disabled = final === undefined || BigInt(final) >= last;
  return {
    title: `Messages of partition ${partitionId}`,
    trail: [...trailTo(streamId), [topicPath(streamId, topicId), topic.name]],
    content: [
      facts({ Messages: partition?.messages_count ?? 0, 'Last offset': String(last), Size: formatSize(partition?.size ?? '0 B') }),
      element(
        'nav',
        { className: 'actions', ariaLabel: 'Pages' },
        button('First', () => go('first')),
        previous,
        next,
        button('Last', () => go('last')),
        seek,
      ),
      table('Messages', ['Offset', 'Time', 'Size', 'Payload'], messages.map(messageRow), 'There are no messages here.'),
    ],
  };
};

function messageRow(message: Message): Child[] {
  const { offset, timestamp, payload_length: length } = message.header;
  const bytes = fromBase64(message.payload);
  const form = formOf(bytes);
  const details = element('details', {}, element('summary', {}, element('code', {}, previewPayload(bytes, form) || '(nothing)')));
  details.addEventListener('toggle', () => details.append(messageDetails(message, bytes, form)), { once: true });
  return [offset, formatTime(timestamp), `${length} B`, details];
}

function messageDetails({ header, user_headers: headers }: Message, bytes: Uint8Array, form: PayloadForm): HTMLElement {
  const shown = element('pre', { tabIndex: 0 }, showPayload(bytes, form));
  const choice = element('select', {}, ...forms.map((name) => element('option', { value: name, selected: name === form }, name)));
  choice.onchange = () => {
    shown.textContent = showPayload(bytes, choice.value as PayloadForm);
  };
  return element(
    'div',
    { className: 'message' },
    element('label', {}, 'Payload as', choice),
    shown,
    typeof headers === 'string'
      ? element('p', {}, 'Headers that cannot be read: ', element('code', {}, hex(fromBase64(headers))))
      : table(
          'Headers',
          ['Key', 'Value', 'Kind'],
          headers.map(({ key, value }) => [showValue(key), showValue(value), value.kind]),
          'The message has no headers.',
        ),
    facts({ Id: header.id, Checksum: header.checksum, 'Sent at': formatTime(header.origin_timestamp) }),
  );
}
