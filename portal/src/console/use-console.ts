/**
 * The socket of a console session. A ticket opens it, once; when the line is lost, another one goes on after the last entry that was shown.
 *
 *   connecting ──▶ open ──line lost──▶ connecting ──▶ …      open ──session over──▶ over
 */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { ApiProblem } from '../api/api-problem.ts';
import { consoleAddress } from '../api/live-response.ts';
import { type ConsoleMessage, type ConsoleState, emptyConsole, withMessage } from './console-log.ts';

const PAUSE_MS = 2_000;
/** Close codes of the server: the session is over; a new ticket is needed. */
const OVER = 1000;

export type Line = 'connecting' | 'open' | 'over';

export interface Console {
  readonly state: ConsoleState;
  readonly line: Line;
  readonly error: unknown;
  type(text: string): void;
  interrupt(command: number): void;
}

export function useConsole(sessionId: string): Console {
  const [state, dispatch] = useReducer(withMessage, emptyConsole);
  const [line, setLine] = useState<Line>('connecting');
  const [error, setError] = useState<unknown>(null);
  const socket = useRef<WebSocket | null>(null);
  const position = useRef(0);
  position.current = state.position;
  const queries = useQueryClient();

  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      if (!ended) timer = setTimeout(() => void connect(), PAUSE_MS);
    };
    async function connect(): Promise<void> {
      setLine('connecting');
      try {
        const address = new URL(await consoleAddress(sessionId), location.origin);
        if (ended) return;
        address.searchParams.set('after', String(position.current));
        // Whatever address the server goes by: the policy of the page lets sockets to its own origin only.
        const own = new URL(address.pathname + address.search, location.origin);
        own.protocol = 'wss:';
        const open = new WebSocket(own);
        socket.current = open;
        open.addEventListener('open', () => {
          setError(null);
          setLine('open');
        });
        open.addEventListener('message', ({ data }) => {
          const message = JSON.parse(String(data)) as ConsoleMessage;
          dispatch(message);
          if (message.type === 'session') void queries.invalidateQueries({ queryKey: ['liveSession'] });
        });
        open.addEventListener('close', ({ code }) => {
          if (code === OVER) setLine('over');
          else again();
        });
      } catch (problem) {
        setError(problem);
        if (problem instanceof ApiProblem && !problem.passing) setLine('over');
        else again();
      }
    }
    void connect();
    return () => {
      ended = true;
      clearTimeout(timer);
      socket.current?.close();
    };
  }, [sessionId, queries]);

  const send = useCallback((message: object) => {
    if (socket.current?.readyState === WebSocket.OPEN) socket.current.send(JSON.stringify(message));
  }, []);
  return {
    state,
    line,
    error,
    type: (text) => send({ type: 'command', line: text }),
    interrupt: (command) => send({ type: 'interrupt', command }),
  };
}
