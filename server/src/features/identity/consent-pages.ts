/** What a person sees before an application gets permissions, and before he enters another tenant. */
import { permissions } from '@merlon/contract';
import { html, joined, type Page, page } from './sign-in-pages.ts';

export interface ConsentView {
  readonly tenantName: string;
  readonly userName: string;
  readonly appName: string;
  readonly homeTenantName: string;
  /** What it may do as itself, and for people. */
  readonly permissions: readonly string[];
  readonly delegated: readonly string[];
  /** For the whole tenant; else the person only goes on. */
  readonly grants: boolean;
  readonly action: string;
  readonly sealed: string;
  readonly returnsTo: string;
}

export function consentPage(view: ConsentView): Page {
  const asItself = view.permissions.map((name) => html`<li>${display(name)} (${name}), for itself</li>`);
  const forPeople = view.delegated.map((name) => html`<li>${display(name)} (${name}), for people</li>`);
  return page(
    'Permissions requested',
    html`<p class="tenant">${view.tenantName}, ${view.userName}</p>
<p><strong>${view.appName}</strong>, of ${view.homeTenantName}, asks for:</p>
<ul>${joined([...asItself, ...forPeople])}</ul>
<p>${view.grants ? 'If you accept, it gets them for everybody in this tenant. They can be withdrawn at any time.' : 'They were granted by an administrator already.'}</p>
<form method="post" action="${view.action}">
<input type="hidden" name="request" value="${view.sealed}">
<button type="submit" name="answer" value="accept">Accept</button>
<button type="submit" name="answer" value="refuse">Cancel</button>
</form>`,
    [view.returnsTo],
  );
}

export interface EnterView {
  readonly tenantName: string;
  readonly userName: string;
  readonly address: string;
}

/** A link, since browsers would hold the redirects of a form against the pages before. */
export function enterTenantPage(view: EnterView): Page {
  return page(
    `Enter ${view.tenantName}`,
    html`<p>You act in <strong>${view.tenantName}</strong> as ${view.userName}.</p><p><a href="${view.address}">Continue</a></p>`,
  );
}

function display(name: string): string {
  return permissions.find((one) => one.application === name || one.delegated === name)?.displayName ?? name;
}
