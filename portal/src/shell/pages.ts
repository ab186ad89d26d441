/** The pages of the navigation, for the side bar and the command palette. */
import type { LinkProps } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import {
  AlertRegular,
  BoardRegular,
  CodeRegular,
  DesktopRegular,
  SettingsRegular,
  ShieldErrorRegular,
  TaskListLtrRegular,
} from '../ui/icons.ts';

export interface NavigationPage {
  readonly to: NonNullable<LinkProps['to']>;
  readonly title: string;
  readonly Icon: ComponentType<{ className?: string }>;
}

export const pages: readonly NavigationPage[] = [
  { to: '/dashboard', title: 'Dashboard', Icon: BoardRegular },
  { to: '/incidents', title: 'Incidents', Icon: ShieldErrorRegular },
  { to: '/alerts', title: 'Alerts', Icon: AlertRegular },
  { to: '/devices', title: 'Devices', Icon: DesktopRegular },
  { to: '/hunting', title: 'Hunting', Icon: CodeRegular },
  { to: '/actions', title: 'Action center', Icon: TaskListLtrRegular },
  { to: '/settings', title: 'Settings', Icon: SettingsRegular },
];
