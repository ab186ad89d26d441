directory '/etc/merlon-agent' do
  owner 'root'
  group 'root'
  mode '0755'
end

cookbook_file '/etc/merlon-agent/onboard.sh' do
  source 'onboard.sh'
  owner 'root'
  group 'root'
  mode '0700'
end

words = ['/etc/merlon-agent/onboard.sh']
words << '--no-service' unless node['merlon']['service']
words.push('--tag', node['merlon']['tag']) if node['merlon']['tag']

execute 'onboard' do
  command words
  not_if 'grep -qs Enrolled /var/lib/merlon-agent/onboarding.json'
  timeout 600
end
