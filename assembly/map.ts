/**
 * out[i] = f(x[i]) for count floats; out may equal x. An operation is a class without fields, so `changetype<F>(0)` is an instance
 * that costs nothing, and one copy of the loop is compiled per operation.
 */
import { loadLanes, storeLanes } from "./lanes";
import { expFull, logFull, sigmoidFull, tanhFull } from "./simd-full";

class Neg {
  of(x: v128): v128 {
    return f32x4.neg(x);
  }
}
class Square {
  of(x: v128): v128 {
    return f32x4.mul(x, x);
  }
}
class Sqrt {
  of(x: v128): v128 {
    return f32x4.sqrt(x);
  }
}
class Exp {
  of(x: v128): v128 {
    return expFull(x);
  }
}
class Log {
  of(x: v128): v128 {
    return logFull(x);
  }
}
class Sigmoid {
  of(x: v128): v128 {
    return sigmoidFull(x);
  }
}
class Tanh {
  of(x: v128): v128 {
    return tanhFull(x);
  }
}
class Abs {
  of(x: v128): v128 {
    return f32x4.abs(x);
  }
}
class Floor {
  of(x: v128): v128 {
    return f32x4.floor(x);
  }
}
class Reciprocal {
  of(x: v128): v128 {
    return f32x4.div(f32x4.splat(1.0), x);
  }
}

function map<F>(x: usize, out: usize, count: i32): void {
  const f = changetype<F>(0);
  const end = x + ((<usize>(count & ~3)) << 2);
  const paired = x + ((<usize>(count & ~7)) << 2);
  for (; x < paired; x += 32, out += 32) {
    const first = f.of(v128.load(x));
    const second = f.of(v128.load(x, 16));
    v128.store(out, first);
    v128.store(out, second, 16);
  }
  if (x < end) {
    v128.store(out, f.of(v128.load(x)));
    x += 16;
    out += 16;
  }
  const left = count & 3;
  if (left != 0) storeLanes(out, f.of(loadLanes(x, left)), left);
}

export function mapNeg(x: usize, out: usize, count: i32): void {
  map<Neg>(x, out, count);
}
export function mapSquare(x: usize, out: usize, count: i32): void {
  map<Square>(x, out, count);
}
export function mapSqrt(x: usize, out: usize, count: i32): void {
  map<Sqrt>(x, out, count);
}
export function mapExp(x: usize, out: usize, count: i32): void {
  map<Exp>(x, out, count);
}
export function mapLog(x: usize, out: usize, count: i32): void {
  map<Log>(x, out, count);
}
export function mapSigmoid(x: usize, out: usize, count: i32): void {
  map<Sigmoid>(x, out, count);
}
export function mapTanh(x: usize, out: usize, count: i32): void {
  map<Tanh>(x, out, count);
}
export function mapAbs(x: usize, out: usize, count: i32): void {
  map<Abs>(x, out, count);
}
export function mapFloor(x: usize, out: usize, count: i32): void {
  map<Floor>(x, out, count);
}
export function mapReciprocal(x: usize, out: usize, count: i32): void {
  map<Reciprocal>(x, out, count);
}
