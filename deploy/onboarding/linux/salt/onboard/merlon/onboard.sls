# salt '*' state.apply merlon.onboard
merlon_folder:
  file.directory:
    - name: /etc/merlon-agent
    - user: root
    - group: root
    - mode: '0755'

merlon_script:
  file.managed:
    - name: /etc/merlon-agent/onboard.sh
    - source: salt://merlon/onboard.sh
    - user: root
    - group: root
    - mode: '0700'
    - require:
      - file: merlon_folder

merlon_onboard:
  cmd.run:
    - name: /etc/merlon-agent/onboard.sh
    - unless: grep -qs Enrolled /var/lib/merlon-agent/onboarding.json
    - timeout: 600
    - require:
      - file: merlon_script
