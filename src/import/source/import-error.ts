// Why an import stops. Messages are for people.

/** A part of the source that is not what it should be. */
export interface Damage {
  file: string;
  /** Byte position in the file. */
  position: number;
  reason: string;
}

export class ImportError extends Error {
  override readonly name: string = 'ImportError';
  readonly code: string = 'GALGO_IMPORT';
}

/** Thrown for the first damage unless damage is to be left out. */
export class DamageError extends ImportError {
  override readonly name = 'DamageError';
  override readonly code = 'GALGO_IMPORT_DAMAGE';
  readonly damage: Damage;

  constructor(damage: Damage) {
    super(`${damage.file}, byte ${damage.position}: ${damage.reason}`);
    this.damage = damage;
  }
}
