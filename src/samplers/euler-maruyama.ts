/** Euler-Maruyama step of the reverse SDE, the one the papers use. */
import type { Transition } from "./transition.js";

/**
 * dx = g^2 s dt + g dw backward in time: drift = variance = g(t)^2 (t - u) from time t to time u.
 *
 * First order in dt: where the schedule is geometric it overshoots the exact h(t) - h(u), by 1 + ln R / N at N steps.
 *
 * @see Song et al. 2021, arXiv:2011.13456; OuYang et al. 2024, arXiv:2409.09787
 */
export function eulerMaruyama(): Transition {
  return {
    name: "euler-maruyama",
    coefficients: ({ from, to, schedule }) => {
      const t = schedule.timeOf(from);
      const g = schedule.diffusion(t);
      const step = g * g * (t - schedule.timeOf(to));
      return { drift: step, variance: step };
    },
  };
}
