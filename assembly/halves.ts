/**
 * Blocks of an energy whose class takes four of the eight configurations at a time: `half(y, g)` gives the energies of the lanes at y and puts
 * their gradient at g unless that is 0.
 */

/** energy [8] of a block. */
export function halfEnergies<E>(energy: E, y: usize, e: usize): void {
  v128.store(e, energy.half(y, 0));
  v128.store(e, energy.half(y + 16, 0), 16);
}

/** energy [8] and gradient [dim][8] of a block. */
export function halfGradients<E>(energy: E, y: usize, e: usize, g: usize): void {
  v128.store(e, energy.half(y, g));
  v128.store(e, energy.half(y + 16, g + 16), 16);
}
