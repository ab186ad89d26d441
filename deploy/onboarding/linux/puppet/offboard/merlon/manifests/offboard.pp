# Offboards this machine. The agent refuses it after @@expiresAt@@.
#
# @param remove whether to remove the agent too
class merlon::offboard (
  Boolean $remove = false,
) {
  $also_remove = $remove ? { true => ' --remove', default => '' }

  file { '/etc/merlon-agent/offboard.sh':
    ensure => file,
    owner  => 'root',
    group  => 'root',
    mode   => '0700',
    source => 'puppet:///modules/merlon/offboard_valid_until_@@expiresOn@@.sh',
  }
  -> exec { 'merlon offboard':
    command   => "/etc/merlon-agent/offboard.sh${also_remove}",
    onlyif    => '/usr/bin/grep -qs Enrolled /var/lib/merlon-agent/onboarding.json',
    logoutput => on_failure,
    timeout   => 600,
  }
}
