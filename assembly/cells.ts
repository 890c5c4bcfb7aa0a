/** Entries of i32 and f64 arrays at a pointer. */

export function get(array: usize, index: i32): i32 {
  return load<i32>(array + ((<usize>index) << 2));
}

export function set(array: usize, index: i32, value: i32): void {
  store<i32>(array + ((<usize>index) << 2), value);
}

export function getf(array: usize, index: i32): f64 {
  return load<f64>(array + ((<usize>index) << 3));
}

export function setf(array: usize, index: i32, value: f64): void {
  store<f64>(array + ((<usize>index) << 3), value);
}
