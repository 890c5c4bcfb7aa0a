/**
 * f32x4 elementary functions for every f32, where simd.ts has the fast ones of the estimators: NaN stays NaN, overflow is +inf, and
 * what would be subnormal is 0. Coefficients: bench/recipes/polynomials.mjs. A lane's result does not depend on the other lanes.
 */
import { madd, nmadd, log as normalLog } from "./simd";

/** 1.5 * 2^23: adding it rounds to an integer, kept in the low bits. */
const MAGIC: f32 = 12582912.0;
const LOG2_E: f32 = 1.4426950408889634;
/** ln 2 in two parts: the first has 15 bits, so an exponent times it is exact. */
const LN2_HIGH: f32 = 0.693145751953125;
const LN2_LOW: f32 = 0.00000142860682030941723;
/** Least x whose exponential is a normal number even after the roundings: e^x = 2^-126 (1 + 4e-5). */
const EXP_LOW: f32 = -87.3365;
/** Largest x whose exponential is finite. */
const EXP_HIGH: f32 = 88.72283;
const INFINITE: f32 = f32.MAX_VALUE * 2;

/** x log2(e) rounded to an integer n, in the low bits: the exponent of e^x. */
function exponentOf(x: v128): v128 {
  return madd(x, f32x4.splat(LOG2_E), f32x4.splat(MAGIC));
}

/** e^(x - n ln 2) - 1, relative error below 1 ULP. */
function reduced(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, f32x4.splat(MAGIC));
  const r = nmadd(n, f32x4.splat(LN2_LOW), nmadd(n, f32x4.splat(LN2_HIGH), x));
  let q = madd(f32x4.splat(0.0013946514767578955), r, f32x4.splat(0.0083666208058291169));
  q = madd(q, r, f32x4.splat(0.041666281161974746));
  q = madd(q, r, f32x4.splat(0.1666654271796989));
  q = madd(q, r, f32x4.splat(0.5));
  return madd(f32x4.mul(r, r), q, r);
}

/** e^x, at most 1.1 ULP; +inf above 88.72283 (the largest f32), 0 below -87.3365 (where the result would be subnormal). */
export function expFull(x: v128): v128 {
  const shifted = exponentOf(x);
  const mantissa = f32x4.add(f32x4.splat(1.0), reduced(x, shifted));
  const scaled = v128.and(i32x4.add(mantissa, i32x4.shl(shifted, 23)), f32x4.ge(x, f32x4.splat(EXP_LOW)));
  // Not "gt": NaN has to take the second branch too, where it stays NaN.
  return v128.bitselect(scaled, f32x4.mul(x, f32x4.splat(INFINITE)), f32x4.le(x, f32x4.splat(EXP_HIGH)));
}

/** What `logFull` needs when some lane is zero, negative, subnormal, infinite or NaN. */
function logSpecial(x: v128): v128 {
  const zero = f32x4.splat(0);
  const infinite = f32x4.splat(INFINITE);
  const small = f32x4.lt(x, f32x4.splat(f32.MIN_NORMAL_VALUE));
  const normal = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608.0)), x, small);
  const shift = v128.and(f32x4.splat(15.942385152878742), small); // 23 ln 2
  let result = f32x4.sub(normalLog(normal), shift);
  result = v128.bitselect(x, result, f32x4.eq(x, infinite));
  result = v128.bitselect(f32x4.neg(infinite), result, f32x4.eq(x, zero));
  return v128.bitselect(result, f32x4.splat(f32.NaN), f32x4.ge(x, zero));
}

/** log x, at most 1.6 ULP; log 0 = -inf, log of a negative number is NaN. */
export function logFull(x: v128): v128 {
  const usual = v128.and(f32x4.ge(x, f32x4.splat(f32.MIN_NORMAL_VALUE)), f32x4.lt(x, f32x4.splat(INFINITE)));
  return i32x4.bitmask(usual) == 15 ? normalLog(x) : logSpecial(x);
}

/** 1 / (1 + e^-x), at most 2.5 ULP; 0 below -88.72283. */
export function sigmoidFull(x: v128): v128 {
  const one = f32x4.splat(1.0);
  return f32x4.div(one, f32x4.add(one, expFull(f32x4.neg(x))));
}

/** tanh x = w / (w + 2) with w = e^(2|x|) - 1, at most 3 ULP; exactly +-1 beyond |x| = 10, exactly x near 0. */
export function tanhFull(x: v128): v128 {
  const twice = f32x4.min(f32x4.add(f32x4.abs(x), f32x4.abs(x)), f32x4.splat(20.0));
  const shifted = exponentOf(twice);
  const scale = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000));
  const w = madd(scale, reduced(twice, shifted), f32x4.sub(scale, f32x4.splat(1.0)));
  return v128.or(f32x4.div(w, f32x4.add(w, f32x4.splat(2.0))), v128.and(x, i32x4.splat(0x80000000)));
}
