/** Holds work up at one place until the test lets it on. */
export interface Gate {
  /** Resolves once somebody stands before it. */
  readonly arrived: Promise<void>;
  /** What the work awaits. */
  pass(): Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return {
    open: () => open(),
    arrived,
    async pass() {
      arrive();
      await opened;
    },
  };
}
