/** Work that is done once a while, and as soon as it is asked for; never twice at once. */
export interface Repeated {
  start(): void;
  soon(): void;
  stop(): Promise<void>;
}

/** @param work never rejects */
export function repeated(everyMs: number, work: () => Promise<void>): Repeated {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let again = false;

  const soon = () => {
    if (running) {
      again = true;
      return;
    }
    again = false;
    running = work().finally(() => {
      running = null;
      if (again) soon();
    });
  };
  return {
    start() {
      timer = setInterval(soon, everyMs);
      timer.unref();
      soon();
    },
    soon,
    async stop() {
      clearInterval(timer);
      again = false;
      await running;
    },
  };
}
