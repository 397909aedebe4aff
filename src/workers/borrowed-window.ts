// The send window of a client that this worker serves: lent by the control thread with the client's login, and given back when the login ends or may be about to change.
//
// Sends that are under way when it goes are told of when they are done, so that whoever has the window then can answer copies of them.

import type { MessageTopic } from '../streaming/message-topic.ts';
import { SendWindow, type SendWindowContents } from '../streaming/send-window.ts';
import type { LateSend } from '../streaming/send-windows.ts';

export interface WindowLender {
  /** Whether all windows together may have room for so many more entries, which count from now on. */
  takeRoom(entries: number): boolean;
  giveBack(key: bigint, window: SendWindowContents): void;
  sent(send: LateSend): void;
}

export class BorrowedWindow extends SendWindow {
  readonly #lender: WindowLender;
  #returned = false;

  constructor(key: bigint, lender: WindowLender) {
    super(key, (entries) => !this.#returned && lender.takeRoom(entries));
    this.#lender = lender;
  }

  giveBack(): void {
    if (this.#returned) return;
    this.#returned = true;
    this.#lender.giveBack(this.key, this.contents());
  }

  override stored(number: number, topic: MessageTopic, partitionId: number, offset: number): void {
    super.stored(number, topic, partitionId, offset);
    if (!this.#returned) return;
    const { streamId, id, createdAt } = topic;
    this.#lender.sent({ key: this.key, number, status: 0, topic: { streamId, id, createdAt }, partitionId, offset });
  }

  override failed(number: number, status: number): void {
    super.failed(number, status);
    if (!this.#returned) return;
    this.#lender.sent({ key: this.key, number, status, topic: { streamId: 0, id: 0, createdAt: 0n }, partitionId: 0, offset: 0 });
  }
}
