/** Code points with a name: RFC 2474 (cs), 2597 (af), 3246 (ef), 5865 (voice-admit), 8622 (le). */
export const dscpNames: ReadonlyMap<string, number> = new Map([
  ['default', 0],
  ['le', 1],
  ['ef', 46],
  ['voice-admit', 44],
  ...range(0, 7).map((selector) => [`cs${selector}`, selector * 8] as const),
  ...range(1, 4).flatMap((forwardingClass) =>
    range(1, 3).map(
      (precedence) => [`af${forwardingClass}${precedence}`, forwardingClass * 8 + precedence * 2] as const,
    ),
  ),
]);

function range(lo: number, hi: number): number[] {
  return Array.from({ length: hi - lo + 1 }, (_, index) => lo + index);
}
