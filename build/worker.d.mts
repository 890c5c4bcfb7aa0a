export function bundleWorker(entry?: string): Promise<{ readonly code: string }>;
export function buildWorker(): Promise<void>;
