// The certificates that are in use, each with those who must learn when it changes. Listeners with the same files share one.
//
// Files are read again when something happens in their folders, which also sees links that are moved, and on request. What was read is used only if it could be served: else the
// server goes on with what it has, and says why.

import { type FSWatcher, realpathSync, watch } from 'node:fs';
import path from 'node:path';
import type { Logger } from '../observability/logger.ts';
import { type Certificate, type CertificateSettings, loadCertificate } from './certificates.ts';

// Two files are rarely written in the same instant.
const settleMs = 250;

/** A certificate that may be replaced while it is used. */
export interface LiveCertificate {
  readonly current: Certificate;
  /** Calls the listener with each certificate that takes the place of the one before. */
  onChange(listener: (certificate: Certificate) => void): void;
}

interface Entry {
  readonly settings: CertificateSettings;
  readonly listeners: ((certificate: Certificate) => void)[];
  current: Certificate;
}

export class CertificateStore {
  readonly #dataPath: string;
  readonly #log: Logger;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Promise<Entry>>();
  readonly #watchers = new Map<string, FSWatcher>();
  #selfSignedFingerprint: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reloading: Promise<void> = Promise.resolve();

  constructor(dataPath: string, log: Logger, nowMs: () => number) {
    this.#dataPath = dataPath;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Of the self-signed certificate, if it was opened. */
  get selfSignedFingerprint(): string | undefined {
    return this.#selfSignedFingerprint;
  }

  /** The certificate of these settings, loaded at its first use. Rejects if it cannot be used. */
  async open(settings: CertificateSettings): Promise<LiveCertificate> {
    const { selfSigned, certificateFile, keyFile, clientCaFile } = settings;
    const key = JSON.stringify([selfSigned, certificateFile ?? null, keyFile ?? null, clientCaFile ?? null]);
    let opening = this.#entries.get(key);
    if (opening === undefined) {
      opening = this.#load({ selfSigned, certificateFile, keyFile, clientCaFile });
      this.#entries.set(key, opening);
    }
    const entry = await opening;
    return {
      get current() {
        return entry.current;
      },
      onChange: (listener) => entry.listeners.push(listener),
    };
  }

  /** Reads all files again. Resolves when it is done; what cannot be used is logged. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(async () => {
      for (const entry of await Promise.all(this.#entries.values())) await this.#reload(entry);
    });
    return this.#reloading;
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #load(settings: CertificateSettings): Promise<Entry> {
    const current = await loadCertificate(settings, this.#dataPath);
    const { fingerprint, selfSigned } = current;
    this.#log.info(
      { sha256: fingerprint, expires: new Date(current.expiresAtMs).toISOString() },
      selfSigned ? 'self-signed certificate' : 'certificate',
    );
    if (selfSigned) this.#selfSignedFingerprint = fingerprint;
    if (current.expiresAtMs < this.#nowMs()) this.#log.warn({ file: settings.certificateFile }, 'the certificate has expired');
    const files = [settings.clientCaFile, ...(selfSigned ? [] : [settings.certificateFile, settings.keyFile])];
    for (const file of files) if (file !== undefined) this.#watchFile(file);
    // The named files may be away for a moment while they are replaced, which is no reason to fall back.
    return { settings: { ...settings, selfSigned }, listeners: [], current };
  }

  async #reload(entry: Entry): Promise<void> {
    let read: Certificate;
    try {
      read = await loadCertificate(entry.settings, this.#dataPath);
      if (read.expiresAtMs < this.#nowMs()) throw new Error(`the certificate in ${entry.settings.certificateFile} has expired`);
    } catch (error) {
      this.#log.warn({ err: error }, 'the certificate cannot be replaced; the one before stays in use');
      return;
    }
    const { current } = entry;
    if (read.certificate === current.certificate && read.key === current.key && read.clientCa === current.clientCa) return;
    entry.current = read;
    for (const listener of entry.listeners) {
      try {
        listener(read);
      } catch (error) {
        this.#log.error({ err: error }, 'a listener does not take the new certificate');
      }
    }
    this.#log.info({ sha256: read.fingerprint, expires: new Date(read.expiresAtMs).toISOString() }, 'certificate replaced');
  }

  #watchFile(file: string): void {
    for (const folder of new Set([path.dirname(file), path.dirname(realpathSync(file))])) {
      if (this.#watchers.has(folder)) continue;
      const unwatched = (error: unknown) =>
        this.#log.warn({ err: error, folder }, 'changes of certificates are not noticed by themselves; SIGHUP makes them known');
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#changed());
        watcher.on('error', unwatched);
        this.#watchers.set(folder, watcher);
      } catch (error) {
        unwatched(error);
      }
    }
  }

  /** Waits a moment rather than for silence: in a busy folder there may be none. */
  #changed(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.reload();
    }, settleMs);
    this.#timer.unref();
  }
}
