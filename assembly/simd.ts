/**
 * f32x4 elementary functions. Coefficients: bench/recipes/polynomials.mjs (Remez). The relaxed build fuses every `madd`; the
 * plain build rounds each step, so its bits are the same on every engine. No subnormal is ever produced on purpose: WASM
 * cannot flush them and they cost about 100 cycles each.
 */

/** a * b + c; fused in the relaxed build. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** -(a * b) + c; fused in the relaxed build. */
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/**
 * exp(x) for x <= 0; exactly 1 at 0 and exactly 0 below -60 (weights that small only make subnormals later). Largest error in ULP
 * on [-1, 0], [-4, 0], [-30, 0], [-60, 0]: plain 2.6, 4.5, 29, 58 (x log2(e) is rounded once), relaxed 2.1, 2.5, 7.2, 14. NaN
 * gives 0: callers count NaN before.
 */
export function exp(x: v128): v128 {
  const magic = f32x4.splat(12582912.0); // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
  const log2e = f32x4.splat(1.4426950408889634);
  let shifted: v128;
  let f: v128;
  if (ASC_FEATURE_RELAXED_SIMD) {
    shifted = f32x4.relaxed_madd(x, log2e, magic);
    f = f32x4.relaxed_madd(x, log2e, f32x4.sub(magic, shifted));
  } else {
    const scaled = f32x4.mul(x, log2e);
    shifted = f32x4.add(scaled, magic);
    f = f32x4.sub(scaled, f32x4.sub(shifted, magic));
  }
  let p = madd(f32x4.splat(0.0013264727490419675), f, f32x4.splat(0.0096715126417637222));
  p = madd(p, f, f32x4.splat(0.055507337423074003));
  p = madd(p, f, f32x4.splat(0.24022242085357717));
  p = madd(p, f, f32x4.splat(0.69314697759975274));
  p = madd(p, f, f32x4.splat(1.0));
  const scaledUp = i32x4.add(p, i32x4.shl(shifted, 23));
  return v128.and(scaledUp, f32x4.ge(x, f32x4.splat(-60.0)));
}

/** log(x) for normal x > 0; exactly 0 at 1, at most 1.6 ULP. Anything else gives a meaningless finite number. */
export function log(x: v128): v128 {
  const least = i32x4.splat(0x3f3504f3); // bits of sqrt(1/2)
  const exponent = i32x4.shr_s(i32x4.sub(x, least), 23);
  const f = f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), f32x4.splat(1.0));
  let q = madd(f32x4.splat(-0.078602150864466966), f, f32x4.splat(0.12881407952999879));
  q = madd(q, f, f32x4.splat(-0.13128402646627277));
  q = madd(q, f, f32x4.splat(0.14181213383572613));
  q = madd(q, f, f32x4.splat(-0.16624596254848364));
  q = madd(q, f, f32x4.splat(0.20002286006769834));
  q = madd(q, f, f32x4.splat(-0.25000809000124502));
  q = madd(q, f, f32x4.splat(0.33333316729370549));
  const square = f32x4.mul(f, f);
  const rest = madd(f32x4.mul(q, f), square, f32x4.mul(square, f32x4.splat(-0.5)));
  const e = f32x4.convert_i32x4_s(exponent);
  // ln 2 in two parts: the first has 15 bits, so e times it is exact.
  return f32x4.add(madd(e, f32x4.splat(0.693145751953125), f), madd(e, f32x4.splat(0.00000142860682030941723), rest));
}

/** cos(pi/2 s), |s| <= 1; absolute error 2.2e-7 (3.6 ULP of 0.5 .. 1). */
export function cosQuarter(square: v128): v128 {
  let p = madd(f32x4.splat(0.00085819061986353777), square, f32x4.splat(-0.020810627520259056));
  p = madd(p, square, f32x4.splat(0.25365074463600784));
  p = madd(p, square, f32x4.splat(-1.2336982146690239));
  return madd(p, square, f32x4.splat(0.999999953466706));
}

/** sin(pi/2 s), |s| <= 1; absolute error 2.2e-7 (3.6 ULP of 0.5 .. 1). */
export function sinQuarter(s: v128, square: v128): v128 {
  let p = madd(f32x4.splat(0.00015082263912417484), square, f32x4.splat(-0.0046722329198703961));
  p = madd(p, square, f32x4.splat(0.079688484669263093));
  p = madd(p, square, f32x4.splat(-0.64596336119930942));
  p = madd(p, square, f32x4.splat(1.5707962901539037));
  return f32x4.mul(p, s);
}

/** In place over 4 * quads floats; for tests. */
export function expArray(at: usize, quads: i32): void {
  for (let i = 0; i < quads; i++, at += 16) v128.store(at, exp(v128.load(at)));
}

/** In place over 4 * quads floats; for tests. */
export function logArray(at: usize, quads: i32): void {
  for (let i = 0; i < quads; i++, at += 16) v128.store(at, log(v128.load(at)));
}

/** s -> cos(pi/2 s) in place and sin(pi/2 s) at `sine`, over 4 * quads floats; for tests. */
export function sincosArray(at: usize, sine: usize, quads: i32): void {
  for (let i = 0; i < quads; i++, at += 16, sine += 16) {
    const s = v128.load(at);
    const square = f32x4.mul(s, s);
    v128.store(sine, sinQuarter(s, square));
    v128.store(at, cosQuarter(square));
  }
}
