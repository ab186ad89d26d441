/** Controls that a role may not reach: they are there, say which permission is missing, and do nothing. The server decides in any case. */
import { Button, type ButtonProps, Tooltip } from '@fluentui/react-components';
import { type PortalPermission, portalPermissions } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../api/me.ts';

export function permissionName(permission: PortalPermission): string {
  const { group, part } = portalPermissions[permission];
  return part === null ? group : `${group}: ${part}`;
}

export interface Allowance {
  readonly allowed: boolean;
  /** Why not; null while it is allowed or not known yet. */
  readonly why: string | null;
}

export function usePermission(needed: PortalPermission): Allowance {
  const me = useQuery(meQuery);
  const allowed = me.data?.roles.includes(needed) ?? false;
  return {
    allowed,
    why: allowed || !me.data ? null : `This needs the permission “${permissionName(needed)}”.`,
  };
}

export type GuardedButtonProps = ButtonProps & {
  readonly needs: PortalPermission;
  /** Another reason for which it cannot be used now. */
  readonly hindrance?: string | null;
};

export function GuardedButton({ needs, hindrance = null, ...rest }: GuardedButtonProps) {
  const { allowed, why } = usePermission(needs);
  const reason = why ?? hindrance;
  const button = <Button {...(rest as object)} disabledFocusable={!allowed || hindrance !== null} />;
  return reason === null ? (
    button
  ) : (
    <Tooltip content={reason} relationship="description">
      {button}
    </Tooltip>
  );
}
