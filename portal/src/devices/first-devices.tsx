/** What to do while there are no devices. */
import { Card, makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components';
import { Commands } from '../ui/commands.tsx';

const useStyles = makeStyles({
  cards: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(320px, 1fr))',
    gap: tokens.spacingHorizontalL,
    maxWidth: '1080px',
  },
  card: { padding: tokens.spacingHorizontalXL, gap: tokens.spacingVerticalM },
  lead: { color: tokens.colorNeutralForeground2 },
});

export function FirstDevices() {
  const styles = useStyles();
  return (
    <>
      <Text className={styles.lead}>
        No device has reported yet. This page fills by itself as soon as one does.
      </Text>
      <div className={styles.cards}>
        <Card className={styles.card}>
          <Subtitle2 as="h2">Onboard a Linux device</Subtitle2>
          <Text>On the server, in Merlon's folder, make an onboarding package:</Text>
          <Commands lines={['npx merlon package --os linux --tool script --out onboarding']} />
          <Text>Copy that folder to a device that has merlon-agent installed, and run there:</Text>
          <Commands lines={['sudo sh onboarding/onboard.sh', 'merlon-agent health']} />
        </Card>
        <Card className={styles.card}>
          <Subtitle2 as="h2">Or look around first</Subtitle2>
          <Text>
            A simulated fleet enrols through the same front door as real devices, with ordinary days and
            attacks to hunt for:
          </Text>
          <Commands lines={['npx merlon demo']} />
        </Card>
      </div>
    </>
  );
}
