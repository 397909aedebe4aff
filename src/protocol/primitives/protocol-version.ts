// Protocol version (VSR): u32, major · 2²⁰ + minor · 2¹⁰ + patch

/** The version that this code speaks: 0.11.0. */
export const protocolVersion = packProtocolVersion(0, 11, 0);

/** The oldest version that is accepted: the same minor version with patch 0. */
export const protocolVersionMin = packProtocolVersion(0, 11, 0);

/** Each part has 10 bits. */
export function packProtocolVersion(major: number, minor: number, patch: number): number {
  return major * 2 ** 20 + minor * 2 ** 10 + patch;
}

/** Accepts 0.11.x: not below the minimum, and no newer minor version. */
export function isCompatibleProtocolVersion(version: number): boolean {
  return version >= protocolVersionMin && version >>> 10 <= protocolVersion >>> 10;
}
