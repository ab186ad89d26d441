cookbook_file '/etc/merlon-agent/offboard.sh' do
  source 'offboard_valid_until_@@expiresOn@@.sh'
  owner 'root'
  group 'root'
  mode '0700'
end

words = ['/etc/merlon-agent/offboard.sh']
words << '--remove' if node['merlon']['remove']

execute 'offboard' do
  command words
  only_if 'grep -qs Enrolled /var/lib/merlon-agent/onboarding.json'
  timeout 600
end
