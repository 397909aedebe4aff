// Messages that were stored and delivered since the server started.

export class MessageTraffic {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;

  received(messages: number, bytes: number): void {
    this.messagesIn += messages;
    this.bytesIn += bytes;
  }

  delivered(messages: number, bytes: number): void {
    this.messagesOut += messages;
    this.bytesOut += bytes;
  }
}
