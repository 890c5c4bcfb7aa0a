/** The methods of an energy that has kernels. */
import type { Energy } from "../core/types.js";
import { type EnergyKernel, kernelEnergy, kernelEnergyAndGradient, kernelNoised } from "../kernels/energy-kernel.js";
import { kernelHamiltonian } from "../kernels/hamiltonian.js";

export function kernelMethods(kernel: EnergyKernel): Pick<Energy, "energy" | "energyAndGradient" | "noised" | "hamiltonian"> {
  return {
    energy: (x) => kernelEnergy(kernel, x),
    energyAndGradient: (x) => kernelEnergyAndGradient(kernel, x),
    noised: (request) => kernelNoised(kernel, request),
    hamiltonian: (request) => kernelHamiltonian(kernel, request, kernel.particles),
  };
}
