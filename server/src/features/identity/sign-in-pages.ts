/** The few pages a person sees while signing in and out. Plain HTML: no script at all, one style sheet, nothing from elsewhere. */

export interface Page {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Text marked as safe HTML by {@link html}. */
class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export function html(strings: TemplateStringsArray, ...values: readonly (string | Html | null)[]): Html {
  const safe = values.map((value) => (value instanceof Html ? value.text : escapeHtml(value ?? '')));
  return new Html(strings.reduce((text, part, i) => text + (safe[i - 1] ?? '') + part));
}

export const joined = (parts: readonly Html[]): Html => new Html(parts.map(({ text }) => text).join('\n'));

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Browsers apply `form-action` to the redirects after a form too, so the place a sign-in returns to must be named. */
export function page(title: string, content: Html, formTargets: readonly string[] = []): Page {
  const targets = ["'self'", ...formTargets].join(' ');
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'self'; form-action ${targets}; frame-ancestors 'none'; base-uri 'none'`,
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    },
    body: html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Merlon</title>
<link rel="stylesheet" href="/sign-in/style.css">
</head>
<body>
<main>
<p class="brand" aria-hidden="true">Merlon</p>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.text,
  };
}

const alert = (message: string | null): Html =>
  message === null ? html`` : html`<p role="alert">${message}</p>`;

export interface SignInView {
  readonly tenantName: string;
  readonly userName: string;
  readonly message: string | null;
  /** Origin to which the sign-in will return. */
  readonly returnsTo: string;
  /** Ways to sign in elsewhere: `href` is an address of ours. */
  readonly elsewhere: readonly { readonly name: string; readonly href: string }[];
}

const elsewhere = (choices: SignInView['elsewhere']): Html =>
  choices.length === 0
    ? html``
    : new Html(
        `<nav aria-label="Other ways to sign in">${choices
          .map(({ name, href }) => html`<a class="elsewhere" href="${href}">Sign in with ${name}</a>`.text)
          .join('')}</nav>`,
      );

export function signInPage(view: SignInView): Page {
  return page(
    'Sign in',
    html`<p class="tenant">${view.tenantName}</p>
${alert(view.message)}
<form method="post" autocomplete="on">
<label for="username">User name</label>
<input id="username" name="username" value="${view.userName}" autocomplete="username" autocapitalize="none" spellcheck="false" required${new Html(view.userName ? '' : ' autofocus')}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${new Html(view.userName ? ' autofocus' : '')}>
<button type="submit">Sign in</button>
</form>
${elsewhere(view.elsewhere)}`,
    [view.returnsTo],
  );
}

export interface ChangePasswordView {
  readonly userName: string;
  readonly message: string | null;
  readonly leastLength: number;
  readonly returnsTo: string;
}

export function changePasswordPage(view: ChangePasswordView): Page {
  return page(
    'Choose a new password',
    html`<p>The password of <strong>${view.userName}</strong> was for one time only. The new one needs at least ${String(view.leastLength)} characters.</p>
${alert(view.message)}
<form method="post">
<input name="username" value="${view.userName}" autocomplete="username" readonly hidden>
<label for="newPassword">New password</label>
<input id="newPassword" name="newPassword" type="password" autocomplete="new-password" minlength="${String(view.leastLength)}" required autofocus>
<label for="repeatPassword">The same again</label>
<input id="repeatPassword" name="repeatPassword" type="password" autocomplete="new-password" minlength="${String(view.leastLength)}" required>
<button type="submit">Continue</button>
</form>`,
    [view.returnsTo],
  );
}

interface CodeView {
  readonly message: string | null;
  readonly returnsTo: string;
}

const codeField = html`<label for="code">Code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required autofocus>`;

export function codePage(view: CodeView): Page {
  return page(
    'Enter your code',
    html`<p>Your authenticator app shows it. Instead of it, one of your recovery codes will do.</p>
${alert(view.message)}
<form method="post">
${codeField}
<button type="submit">Continue</button>
</form>`,
    [view.returnsTo],
  );
}

/** `picture` is SVG made here from the address, not text of anybody's. */
export function enrolPage(
  view: CodeView & { readonly secret: string; readonly uri: string; readonly picture: string },
): Page {
  return page(
    'Set up sign-in codes',
    html`<p>This sign-in asks for a code besides the password. Scan the picture with an authenticator app, or type the key, and enter the code it shows.</p>
${alert(view.message)}
${new Html(view.picture)}
<p><code>${view.secret}</code></p>
<p><a href="${view.uri}">Open in an app on this device</a></p>
<form method="post">
${codeField}
<button type="submit">Continue</button>
</form>`,
    [view.returnsTo],
  );
}

/** Without codes: they were shown before, and are not shown again. */
export function recoveryCodesPage(codes: readonly string[], returnsTo: string): Page {
  const list = codes.map((code) => html`<li><code>${code}</code></li>`.text).join('\n');
  return page(
    'Keep your recovery codes',
    html`<p>Each lets you in once when your authenticator app is not at hand. They are shown this once.</p>
${new Html(list === '' ? '' : `<ul>${list}</ul>`)}
<form method="post">
<input name="kept" value="yes" readonly hidden>
<button type="submit" autofocus>I have kept them</button>
</form>`,
    [returnsTo],
  );
}

/** `form` comes from the provider, with the field for the code and without a button. */
export function deviceCodePage(form: string, wrong: boolean): Page {
  const button = '<button type="submit">Continue</button></form>';
  return page(
    'Enter the code',
    html`${alert(wrong ? 'That code is not known, was used or has ended.' : null)}<p>The program that asks you to sign in shows a code.</p>${new Html(withoutScript(form).replace('</form>', button))}`,
  );
}

export function deviceConfirmPage(form: string, clientName: string, code: string): Page {
  const button = '<button type="submit" autofocus>Yes, it was me</button></form>';
  return page(
    'Is it you?',
    html`<p>The program <strong>${clientName}</strong> shows the code <strong>${code}</strong>. Go on only if you started it yourself.</p>${new Html(form.replace('</form>', button))}`,
  );
}

export function deviceDonePage(clientName: string): Page {
  return page('Signed in', html`<p>You have signed in to ${clientName}. You can close this window.</p>`);
}

/** The pages run no script, and say so to the browser. */
function withoutScript(form: string): string {
  return form.replaceAll(/ onfocus="[^"]*"/g, '');
}

/** `form` comes from the provider, with its secret against forged requests, and lacks only the button. */
export function signOutPage(form: string): Page {
  const button = '<button type="submit" name="logout" value="yes" autofocus>Sign out</button></form>';
  return page(
    'Sign out',
    html`<p>Do you want to end your session?</p>${new Html(form.replace('</form>', button))}`,
  );
}

export function signedOutPage(): Page {
  return page('Signed out', html`<p>Your session has ended.</p><p><a href="/">Sign in again</a></p>`);
}

export const ENDED = 'This sign-in has ended or was begun in another window. Start again.';

export function errorPage(message: string): Page {
  return page('Sign-in did not work', html`${alert(message)}<p><a href="/">Start again</a></p>`);
}

export const styleSheet = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f3f4f7, #14161b); color: light-dark(#1b1f27, #e8eaf0); }
main { box-sizing: border-box; width: min(26rem, 100vw); padding: 2.25rem; background: light-dark(#fff, #1e2129); border-radius: 10px; box-shadow: 0 2px 18px rgb(0 0 0 / .12); }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
.brand { margin: 0 0 1.25rem; font-weight: 700; letter-spacing: .04em; color: light-dark(#0b5cab, #7db8ff); }
.tenant { margin: 0 0 1rem; color: light-dark(#5a6270, #a3aab8); }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; font-size: .9rem; }
input { box-sizing: border-box; width: 100%; padding: .55rem .7rem; font: inherit; color: inherit; background: transparent; border: 1px solid light-dark(#8a93a3, #6b7384); border-radius: 6px; }
button { margin-top: 1.5rem; width: 100%; padding: .6rem; font: inherit; font-weight: 600; color: #fff; background: #0b5cab; border: 0; border-radius: 6px; cursor: pointer; }
button:hover { background: #094a8a; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid light-dark(#0b5cab, #7db8ff); outline-offset: 2px; }
a { color: light-dark(#0b5cab, #7db8ff); }
[role=alert] { margin: 1rem 0 0; padding: .6rem .8rem; border-radius: 6px; background: light-dark(#fdecea, #46201d); color: light-dark(#8c1d13, #ffb4ab); }
`;
