export function reportSize(name: string, budget?: number): void;
