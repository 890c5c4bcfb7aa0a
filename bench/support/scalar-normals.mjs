/** Normals of a row as a careful programmer draws them in JavaScript: xoshiro128++ and Box and Muller, two at a time. */
export class ScalarNormals {
  constructor() {
    this.s0 = this.s1 = this.s2 = this.s3 = 0;
    this.cosine = 0.5;
    this.sine = 0.5;
  }

  /** Begins the stream of row r. */
  begin(r) {
    this.s0 = Math.imul(r + 1, 0x9e3779b1);
    this.s1 = this.s0 ^ 0x243f6a88;
    this.s2 = this.s0 ^ 0x13198a2e;
    this.s3 = this.s0 ^ 0x299f31d0;
  }

  word() {
    const sum = (this.s0 + this.s3) | 0;
    const word = (((sum << 7) | (sum >>> 25)) + this.s0) >>> 0;
    const t = this.s1 << 9;
    this.s2 ^= this.s0;
    this.s3 ^= this.s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= t;
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21);
    return word;
  }

  /** Two normals of standard deviation sigma: `cosine` and `sine`. */
  draw(sigma) {
    const radius = sigma * Math.sqrt(-2 * Math.log((this.word() + 0.5) * 2.3283064365386963e-10));
    const angle = this.word() * 1.4629180792671596e-9;
    this.cosine = radius * Math.cos(angle);
    this.sine = radius * Math.sin(angle);
  }
}
