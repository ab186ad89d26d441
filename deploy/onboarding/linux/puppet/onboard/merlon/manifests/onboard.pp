# Onboards this machine.
#
# @param service whether to install and start the service
# @param tag_of_device tag of this device, instead of the one in the package
class merlon::onboard (
  Boolean $service = true,
  Optional[Pattern[/\A[A-Za-z0-9 ._-]{1,200}\z/]] $tag_of_device = undef,
) {
  $no_service = $service ? { true => '', default => ' --no-service' }
  $tag = $tag_of_device ? { undef => '', default => " --tag '${tag_of_device}'" }

  file { '/etc/merlon-agent':
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }
  -> file { '/etc/merlon-agent/onboard.sh':
    ensure => file,
    owner  => 'root',
    group  => 'root',
    mode   => '0700',
    source => 'puppet:///modules/merlon/onboard.sh',
  }
  -> exec { 'merlon onboard':
    command   => "/etc/merlon-agent/onboard.sh${no_service}${tag}",
    unless    => '/usr/bin/grep -qs Enrolled /var/lib/merlon-agent/onboarding.json',
    logoutput => on_failure,
    timeout   => 600,
  }
}
