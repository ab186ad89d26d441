import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { useSettingsPages } from './settings-frame.tsx';

export function SettingsHome() {
  const pages = useSettingsPages();
  return (
    <Page title="Settings" about="What holds for this tenant.">
      {pages.length === 0 ? (
        <Empty title="Your role reaches none of the settings." />
      ) : (
        <ul>
          {pages.map(({ to, title, group }) => (
            <li key={to}>
              <TextLink to={to}>{title}</TextLink> ({group})
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
