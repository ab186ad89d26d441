/**
 * The pages of the settings: what the menu of the settings, the command palette and `router.tsx` know of each. A new page is a file in this folder, a line here,
 * and an entry in `router.tsx`.
 */
import type { PortalPermission } from '@merlon/contract';
import type { LinkProps } from '@tanstack/react-router';

export interface SettingsPage {
  readonly to: NonNullable<LinkProps['to']>;
  readonly title: string;
  readonly group: 'Records' | 'Devices' | 'Permissions' | 'Rules' | 'Interfaces' | 'General';
  /** Which a person needs to open it; null: everybody may. */
  readonly needs: PortalPermission | null;
}

export const settingsPages: readonly SettingsPage[] = [
  { to: '/settings/audit', title: 'Audit log', group: 'Records', needs: 'PortalSettings.Manage' },
];
